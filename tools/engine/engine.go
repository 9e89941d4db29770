//go:build tools

// Package engine pins the Pulumi CLI for machines that reach package registries only.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
