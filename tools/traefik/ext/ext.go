// Package ext is what Traefik replaces by a folder of its own: places for others to add settings, empty in Traefik
// itself. A module that uses Traefik has to bring it.
package ext

// HTTP adds nothing to the settings of all HTTP.
type HTTP struct{}

// Router adds nothing to the settings of a router.
type Router struct{}
