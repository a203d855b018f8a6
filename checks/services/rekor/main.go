// rekor is Rekor v1 with the kinds of entries that are signatures, and without what a service for the whole world needs: metrics,
// which are served to the whole network, an index in another program, keys in clouds.
package main

import (
	"flag"
	"log"

	"github.com/go-openapi/loads"
	"github.com/spf13/viper"

	"github.com/sigstore/rekor/pkg/api"
	"github.com/sigstore/rekor/pkg/generated/restapi"
	"github.com/sigstore/rekor/pkg/generated/restapi/operations"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
)

var endpoints = []string{
	"getLogInfo", "getPublicKey", "getLogProof", "createLogEntry", "getLogEntryByIndex", "getLogEntryByUUID", "searchLogQuery",
}

func main() {
	host := flag.String("host", "127.0.0.1", "where it is served")
	port := flag.Int("port", 0, "where it is served")
	origin := flag.String("origin", "", "what its checkpoints call it")
	key := flag.String("key", "", "the file of its private key")
	trillianHost := flag.String("trillian-host", "127.0.0.1", "where Trillian is")
	trillianPort := flag.Int("trillian-port", 0, "where Trillian is")
	tree := flag.Int64("tree", 0, "the tree of Trillian's that it is kept in")
	flag.Parse()

	// Rekor's packages find their settings here.
	viper.Set("rekor_server.hostname", *origin)
	viper.Set("rekor_server.signer", *key)
	viper.Set("trillian_log_server.address", *trillianHost)
	viper.Set("trillian_log_server.port", *trillianPort)
	viper.Set("enabled_api_endpoints", endpoints)
	types.SetAllowedKindsForSubmission(types.ListSupportedKinds())

	description, err := loads.Embedded(restapi.SwaggerJSON, restapi.FlatSwaggerJSON)
	if err != nil {
		log.Fatal(err)
	}
	server := restapi.NewServer(operations.NewRekorServerAPI(description))
	server.Host = *host
	server.Port = *port
	server.EnabledListeners = []string{"http"}
	api.ConfigureAPI(*tree)
	server.ConfigureAPI()
	log.Fatal(server.Serve())
}
