# seedCfgExamples :: [ { name :: String, title :: String, text :: String, source :: String, value :: Any } ]
#
# Why: an example on the reference page is a file that a test evaluates: what is shown is what works.
#
# Example:
#   (builtins.head seedCfgExamples).title  => "GitHub Actions"
{ }:
let
  folder = ./examples;
in
map
  (
    example:
    example
    // {
      source = builtins.readFile (folder + "/${example.name}.nix");
      value = import (folder + "/${example.name}.nix");
    }
  )
  [
    {
      name = "github";
      title = "GitHub Actions";
      text = ''
        GitHub vouches for the workflow, so nobody keeps a key. The job needs `permissions: id-token: write`. A reusable workflow of another repository signs as itself, not
        as its caller: its subject names that repository.'';
    }
    {
      name = "gitlab";
      title = "GitLab CI";
      text = ''
        The subject is the pipeline's file, after two slashes. The job needs an `id_tokens` entry with the audience `sigstore`. For an instance of one's own, `issuer` and the beginning of the subject
        are its address, and the certificates come from a Fulcio that knows it: `services.fulcio` and `trustedRoot`.'';
    }
    {
      name = "keys";
      title = "Keys of one's own";
      text = ''
        For a CI that issues no tokens. Public keys lie in the repository, private ones in the CI's secrets. Who takes one can sign as this builder until it is taken
        out of the list, so a maximal age of statements is worth having.'';
    }
    {
      name = "hsm";
      title = "A key in an HSM";
      text = ''
        The private key never leaves the token. The builder signs through a command; who verifies needs the public key alone.'';
    }
    {
      name = "quorum";
      title = "A quorum (not served yet)";
      text = ''
        What Level 2 will count. Two of three builders have to say the same; none shares a parent, a jurisdiction or an infrastructure with another.'';
    }
  ]
