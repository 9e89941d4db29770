//go:build tools

// Package traefik pins Traefik in the version that is the settings' default, for the tests with real certificates.
package traefik

import _ "github.com/traefik/traefik/v3/cmd/traefik"
