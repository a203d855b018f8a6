// Package middleware stands in for what Debian has no package of: the name of a field in Fulcio's log.
package middleware

const RequestIDMetadataKey = "x-request-id"
