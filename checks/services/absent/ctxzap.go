// Package ctxzap stands in for what Debian has no package of: how Fulcio's own program logs, which we do not run.
package ctxzap

import (
	"context"

	"go.uber.org/zap"
)

func Extract(context.Context) *zap.Logger {
	return zap.NewNop()
}
