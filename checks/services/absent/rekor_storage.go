// Package storage stands in for Rekor v1's store of attestations, which Debian lacks what it takes for. It is off unless asked for.
package storage

import (
	"context"
	"errors"
)

type AttestationStorage interface {
	StoreAttestation(ctx context.Context, key string, attestation []byte) error
	FetchAttestation(ctx context.Context, key string) ([]byte, error)
}

func NewAttestationStorage() (AttestationStorage, error) {
	return nil, errors.New("a store of attestations is not built in")
}
