package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/sigstore/fulcio/pkg/config"
)

const (
	audience = "sigstore"
	keyName  = "1"
	lifetime = 10 * time.Minute
)

// kinds are the issuers that there are, each at a path of its own. Fulcio reads the tokens of each in another way.
var kinds = map[string]config.IssuerType{
	"email":     config.IssuerTypeEmail,
	"github":    config.IssuerTypeGithubWorkflow,
	"gitlab":    config.IssuerTypeGitLabPipeline,
	"buildkite": config.IssuerTypeBuildkiteJob,
}

// serveIssuer mints tokens: claims are posted, as a JSON object, to /KIND/mint.
func serveIssuer(mux *http.ServeMux, url string) (*config.FulcioConfig, error) {
	// Not of an elliptic curve: cosign refuses such tokens.
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signing := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: keyName}}
	signer, err := jose.NewSigner(signing, nil)
	if err != nil {
		return nil, err
	}
	keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: key.Public(), KeyID: keyName, Algorithm: string(jose.RS256), Use: "sig"},
	}}
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, keys) })

	issuers := map[string]config.OIDCIssuer{}
	for kind, kindOfIssuer := range kinds {
		issuer := url + "/" + kind
		issuers[issuer] = config.OIDCIssuer{IssuerURL: issuer, ClientID: audience, Type: kindOfIssuer}
		about := map[string]any{
			"issuer":                                issuer,
			"jwks_uri":                              url + "/keys",
			"authorization_endpoint":                issuer + "/authorize",
			"token_endpoint":                        issuer + "/token",
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{string(jose.RS256)},
		}
		mux.HandleFunc("/"+kind+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, about)
		})
		mux.HandleFunc("/"+kind+"/mint", func(w http.ResponseWriter, r *http.Request) {
			token, err := mint(signer, issuer, r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			_, _ = io.WriteString(w, token)
		})
	}
	// Read, not made: that is what asks the issuers for their keys.
	text, err := json.Marshal(config.FulcioConfig{OIDCIssuers: issuers})
	if err != nil {
		return nil, err
	}
	return config.Read(text)
}

// mint signs the posted claims. They win over these, so that a token may be late, early or for somebody else.
func mint(signer jose.Signer, issuer string, posted io.Reader) (string, error) {
	now := time.Now()
	claims := map[string]any{"iss": issuer, "aud": audience, "iat": now.Unix(), "exp": now.Add(lifetime).Unix()}
	if err := json.NewDecoder(posted).Decode(&claims); err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
