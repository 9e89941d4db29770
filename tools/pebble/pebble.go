//go:build tools

// Package pebble pins Let's Encrypt's own small CA for tests.
package pebble

import _ "github.com/letsencrypt/pebble/v2/cmd/pebble"
