// authority is what Sigstore has besides its logs, in one process: an issuer of OIDC tokens, Fulcio, the certificate log that it
// writes to, and the Trillian, in memory, that this log and a Rekor v1 are kept in.
//
// It is for tests: whoever asks is given a token for any identity.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"k8s.io/klog/v2"
)

// What a client has to know of it, in the line that says that all of it is there.
type ready struct {
	URL            string   `json:"url"`
	Chain          [][]byte `json:"chain"`           // of the certificate authority, its root last (DER)
	CertificateLog []byte   `json:"certificate_log"` // the log's public key (DER)
	Trillian       string   `json:"trillian"`
	Tree           int64    `json:"tree"` // the one for Rekor
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where everything but Trillian is served")
	trillian := flag.String("trillian", "127.0.0.1:0", "where Trillian is served")
	flag.Parse()
	if err := quieten(); err != nil {
		log.Fatal(err)
	}
	log.Fatal(run(context.Background(), *address, *trillian))
}

func run(ctx context.Context, address, trillianAddress string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	failed := make(chan error)
	// Served from now on: Fulcio asks the issuer for its keys while it is made.
	go func() { failed <- http.Serve(listener, mux) }()

	issuers, err := serveIssuer(mux, url)
	if err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	trillian, err := startTrillian(ctx, trillianAddress, failed)
	if err != nil {
		return fmt.Errorf("trillian: %w", err)
	}
	tree, err := trillian.newTree(ctx)
	if err != nil {
		return fmt.Errorf("trillian: %w", err)
	}
	ca, err := newCA(time.Now())
	if err != nil {
		return fmt.Errorf("certificate authority: %w", err)
	}
	chain, _ := ca.GetSignerWithChain()
	certificates, err := serveCertificateLog(ctx, mux, url, trillian, chain)
	if err != nil {
		return fmt.Errorf("certificate log: %w", err)
	}
	if err := serveFulcio(ctx, mux, ca, certificates.client, issuers); err != nil {
		return fmt.Errorf("fulcio: %w", err)
	}

	said := ready{URL: url, CertificateLog: certificates.key, Trillian: trillian.address, Tree: tree}
	for _, certificate := range chain {
		said.Chain = append(said.Chain, certificate.Raw)
	}
	line, err := json.Marshal(said)
	if err != nil {
		return err
	}
	fmt.Printf("ready %s\n", line)
	return <-failed
}

// quieten lets Trillian tell its errors alone: it warns, each time that it looks, that nothing new is there.
func quieten() error {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(flags)
	klog.SetOutput(io.Discard)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "ERROR"} {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}
