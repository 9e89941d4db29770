//go:build tools

// Package apiserver pins Kubernetes' API server for the tests of what the program makes in a cluster.
package apiserver

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
