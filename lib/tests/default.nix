# The unit tests of lib/. Alone: nix eval --file lib/tests
let
  run = import ./run.nix;
  lib = import ../.;
  tests = file: import file { inherit lib; };
in
run {
  arguments = tests ./arguments.nix;
  config = tests ./config.nix;
  context = tests ./context.nix;
  direct-inputs = tests ./direct-inputs.nix;
  entries = tests ./entries.nix;
  flake-inputs = tests ./flake-inputs.nix;
  frontier = tests ./frontier.nix;
  messages = tests ./messages.nix;
  metadata = tests ./metadata.nix;
  mk-seed-documents = tests ./mk-seed-documents.nix;
  names = tests ./names.nix;
  own-source = tests ./own-source.nix;
  partition = tests ./partition.nix;
  recording = tests ./recording.nix;
  release = tests ./release.nix;
  restrictions = tests ./restrictions.nix;
  schema = tests ./schema.nix;
  schema-opaque = tests ./schema-opaque.nix;
  seed-cfg = tests ./seed-cfg.nix;
  seed-cfg-documents = tests ./seed-cfg-documents.nix;
  seed-cfg-messages = tests ./seed-cfg-messages.nix;
  subject = tests ./subject.nix;
}
