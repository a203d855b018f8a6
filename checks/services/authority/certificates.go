package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"time"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/google/certificate-transparency-go/trillian/ctfe"
	"github.com/google/certificate-transparency-go/trillian/ctfe/configpb"
	"github.com/google/trillian/crypto/keys"
	"github.com/google/trillian/crypto/keys/der"
	"github.com/google/trillian/crypto/keyspb"
	"github.com/google/trillian/monitoring"
	"google.golang.org/protobuf/types/known/anypb"
)

// The folder of the certificate log below the URL.
const certificateLogPrefix = "ct"

type certificateLog struct {
	client *ctclient.LogClient
	key    []byte
}

// serveCertificateLog serves a log (RFC 6962) that takes the certificates of this chain's root.
func serveCertificateLog(
	ctx context.Context, mux *http.ServeMux, url string, trillian *trillianServer, chain []*x509.Certificate,
) (*certificateLog, error) {
	tree, err := trillian.newTree(ctx)
	if err != nil {
		return nil, err
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalECPrivateKey(signer)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	keys.RegisterHandler(&keyspb.PrivateKey{}, der.FromProto)
	wrapped, err := anypb.New(&keyspb.PrivateKey{Der: secret})
	if err != nil {
		return nil, err
	}
	roots, err := writeRoot(chain[len(chain)-1])
	if err != nil {
		return nil, err
	}
	defer os.Remove(roots)
	settings, err := ctfe.ValidateLogConfig(&configpb.LogConfig{
		LogId:        tree,
		Prefix:       certificateLogPrefix,
		RootsPemFile: []string{roots},
		PrivateKey:   wrapped,
		PublicKey:    &keyspb.PublicKey{Der: public},
		ExtKeyUsages: []string{"CodeSigning"},
	})
	if err != nil {
		return nil, err
	}
	instance, err := ctfe.SetUpInstance(ctx, ctfe.InstanceOptions{
		Validated:     settings,
		Client:        trillian.log,
		Deadline:      10 * time.Second,
		MetricFactory: monitoring.InertMetricFactory{},
		RequestLog:    new(ctfe.DefaultRequestLog),
	})
	if err != nil {
		return nil, err
	}
	for path, handler := range instance.Handlers {
		mux.Handle(path, handler)
	}
	options := jsonclient.Options{PublicKeyDER: public}
	client, err := ctclient.New(url+"/"+certificateLogPrefix, http.DefaultClient, options)
	if err != nil {
		return nil, err
	}
	return &certificateLog{client: client, key: public}, nil
}

// writeRoot gives the name of a file, which the log reads once.
func writeRoot(root *x509.Certificate) (string, error) {
	file, err := os.CreateTemp("", "root-*.pem")
	if err != nil {
		return "", err
	}
	defer file.Close()
	return file.Name(), pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
}
