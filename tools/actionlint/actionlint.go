//go:build tools

// Package actionlint pins the checker of GitHub's workflows.
package actionlint

import _ "github.com/rhysd/actionlint/cmd/actionlint"
