// timestamp is Sigstore's time-stamp authority (RFC 3161) with a key in memory, and without its metrics, which are served to the
// whole network. It tells its certificates at /api/v1/timestamp/certchain.
package main

import (
	"flag"
	"log"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/sigstore/timestamp-authority/v2/pkg/signer"
	"github.com/spf13/viper"
)

// The policy that Sigstore's clients know.
const policy = "1.3.6.1.4.1.57264.2"

func main() {
	host := flag.String("host", "127.0.0.1", "where it is served")
	port := flag.Int("port", 0, "where it is served")
	flag.Parse()

	// Its packages find their settings here.
	viper.Set("timestamp-signer", signer.MemoryScheme)
	viper.Set("timestamp-signer-hash", "sha256")
	viper.Set("default-policy-oid", policy)
	viper.Set("accepted-policy-oids", []string{policy})
	viper.Set("max-request-body-size", 1<<20)
	log.Fatal(server.NewRestAPIServer(*host, *port, []string{"http"}, false, time.Minute, time.Minute).Serve())
}
