//go:build tools

// Package compose pins Docker Compose, which Debian does not have in a version that knows `!override`.
package compose

import _ "github.com/docker/compose/v2/cmd"
