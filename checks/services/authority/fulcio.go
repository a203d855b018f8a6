package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/config"
	"github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/generated/protobuf/legacy"
	"github.com/sigstore/fulcio/pkg/server"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// The keys that certificates are given for.
var algorithms = []common.PublicKeyDetails{
	common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	common.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
	common.PublicKeyDetails_PKIX_ED25519,
}

// serveFulcio serves both versions of Fulcio's API: cosign 2 asks for the older one.
func serveFulcio(
	ctx context.Context, mux *http.ServeMux,
	authority ca.CertificateAuthority, certificates *ctclient.LogClient, issuers *config.FulcioConfig,
) error {
	registry, err := signature.NewAlgorithmRegistryConfig(algorithms)
	if err != nil {
		return err
	}
	fulcio := server.NewGRPCCAServer(certificates, authority, registry, server.NewIssuerPool(issuers))
	gateway := runtime.NewServeMux(runtime.WithMetadata(bearerToken), runtime.WithForwardResponseOption(passOn))
	if err := protobuf.RegisterCAHandlerServer(ctx, gateway, fulcio); err != nil {
		return err
	}
	if err := legacy.RegisterCAHandlerServer(ctx, gateway, server.NewLegacyGRPCCAServer(fulcio)); err != nil {
		return err
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		gateway.ServeHTTP(w, r.WithContext(config.With(r.Context(), issuers)))
	})
	return nil
}

// bearerToken hands the token of a request's head to Fulcio, which looks for it in the metadata of gRPC.
func bearerToken(_ context.Context, r *http.Request) metadata.MD {
	return metadata.Pairs(server.MetadataOIDCTokenKey, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
}

// passOn gives the answer the status that Fulcio wants for it.
func passOn(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	said, ok := runtime.ServerMetadataFromContext(ctx)
	if !ok {
		return nil
	}
	for _, value := range said.HeaderMD.Get(server.HTTPResponseCodeMetadataKey) {
		status, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		w.WriteHeader(status)
	}
	return nil
}
