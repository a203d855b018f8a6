//! Programs that nobody here wrote, on the same ground.

use nix_seed_checks::sigstore::tools::{self, Python, Version};

use super::*;

/// Who signed, for cosign and for what speaks like it.
pub(super) fn whose<'a>(subject: &'a str, issuer: &'a str) -> [&'a str; 4] {
    ["--certificate-identity", subject, "--certificate-oidc-issuer", issuer]
}

impl Ground {
    fn cache(&self) -> &Cache {
        &self.publisher.journey.workbench.cache
    }

    /// What cosign says, which believes these services; its keys have an empty password.
    pub(super) fn cosign(&self, version: Version, arguments: &[&str]) -> anyhow::Result<String> {
        let home = self.publisher.home();
        let mut cosign = tools::cosign(self.cache(), version, home).unwrap();
        cosign.envs(self.stack.environment(home).unwrap()).env("COSIGN_PASSWORD", "");
        process::output(cosign.args(arguments))
    }

    /// As [`Self::cosign`], of the image.
    pub(super) fn cosign_image(&self, version: Version, arguments: &[&str]) -> anyhow::Result<String> {
        self.cosign(version, &[arguments, &["--allow-http-registry", &self.image]].concat())
    }

    pub(super) fn oras(&self, arguments: &[&str]) -> anyhow::Result<String> {
        process::output(tools::oras(self.cache(), self.publisher.home()).unwrap().args(arguments))
    }

    /// What sigstore-python says, which believes these services.
    pub(super) fn sigstore_python(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let trust = json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.stack.trusted_root(),
            "signingConfig": self.stack.signing_config(),
        });
        self.write("trust.json", &trust.to_string());
        let mut python = Python::open(self.cache()).unwrap().command();
        python.args(["-m", "sigstore", "--trust-config", "trust.json"]).args(arguments);
        process::output(python.current_dir(self.publisher.home()).env("HOME", self.publisher.home()))
    }

    /// The file with the seed's manifest, of which statements speak.
    pub(super) fn manifest(&self) -> String {
        let manifest = super::super::publish::blob(&self.seed.dir, &self.seed.layout.manifest_digest);
        manifest.to_str().unwrap().to_owned()
    }
}
