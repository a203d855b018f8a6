{
  source = "https://git.example.org/team/app";
  registry = "registry.example.org/team/app";
  builders.vault = {
    keys = [ ./keys/hsm.pub ];
    signer = [
      "pkcs11-sign"
      "--slot"
      "0"
      "--pin"
      "env:PIN"
    ];
  };
}
