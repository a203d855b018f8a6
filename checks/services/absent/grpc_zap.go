// Package grpc_zap stands in for what Debian has no package of: how Fulcio's own program logs, which we do not run.
package grpc_zap

import (
	"context"

	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/codes"
)

type Option struct{}

func WithDecider(func(string, error) bool) Option {
	return Option{}
}

func WithMessageProducer(func(context.Context, string, zapcore.Level, codes.Code, error, zapcore.Field)) Option {
	return Option{}
}
