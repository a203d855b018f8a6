# The functions of lib/, one per file, by name.
#
# Everything here is a pure function over values: no pkgs, no nixpkgs `lib`, no derivation is made. What can go wrong comes
# back as data, `{ ok = true; … }` or `{ ok = false; message = "…"; }`, so that messages are tested word for word; nix/ throws.
#
# A file is a function from what it needs to what it is. Its needs are looked up here by name.
let
  call =
    file:
    let
      function = import file;
    in
    function (builtins.intersectAttrs (builtins.functionArgs function) functions);

  functions = {
    # Arguments and messages
    arguments = call ./arguments.nix;
    seedOptions = call ./seed-options.nix;
    mkSeedPage = call ./mk-seed-page.nix;
    configFaults = call ./config-faults.nix;
    configKeys = call ./config-keys.nix;
    listFaults = call ./list-faults.nix;
    nixConfFaults = call ./nix-conf-faults.nix;
    recordingFaults = call ./recording-faults.nix;
    checkArguments = call ./check-arguments.nix;
    describe = call ./describe.nix;
    collectProblems = call ./collect-problems.nix;

    # Configurations with a schema
    schemaTypes = call ./schema/types.nix;
    schemaRead = call ./schema/read.nix;
    fileText = call ./schema/file-text.nix;
    nearestName = call ./schema/nearest-name.nix;
    optionPaths = call ./schema/option-paths.nix;
    optionSections = call ./schema/option-sections.nix;
    jsonSchema = call ./schema/json-schema.nix;
    moduleOptions = call ./schema/module-options.nix;
    renderJson = call ./schema/render-json.nix;
    renderNix = call ./schema/render-nix.nix;

    # Whom to trust
    seedCfgType = call ./seed-cfg/type.nix;
    seedCfgBuilder = call ./seed-cfg/builder.nix;
    seedCfgExamples = call ./seed-cfg/examples.nix;
    seedCfgPage = call ./seed-cfg/page.nix;
    seedCfgJsonSchema = call ./seed-cfg/json-schema.nix;
    seedCfgFormats = call ./seed-cfg/formats.nix;
    seedCfgRules = call ./seed-cfg/rules.nix;
    seedCfgWarnings = call ./seed-cfg/warnings.nix;
    checkSeedCfg = call ./seed-cfg/check.nix;
    publicKey = call ./seed-cfg/public-key.nix;
    signerSecret = call ./seed-cfg/signer-secret.nix;
    sourceUri = call ./seed-cfg/source-uri.nix;
    subjectParts = call ./seed-cfg/subject-parts.nix;
    subjectPattern = call ./seed-cfg/subject-pattern.nix;
    subjectWarnings = call ./seed-cfg/subject-warnings.nix;
    urlOf = call ./seed-cfg/url-of.nix;

    # The flake's outputs
    lowerCase = call ./lower-case.nix;
    attributePath = call ./attribute-path.nix;
    candidates = call ./candidates.nix;
    classify = call ./classify.nix;
    isStringLike = call ./is-string-like.nix;
    checkKind = call ./check-kind.nix;
    checkEntry = call ./check-entry.nix;
    entries = call ./entries.nix;
    seedName = call ./seed-name.nix;
    storeName = call ./store-name.nix;

    # What they need
    drvAttrs = call ./drv-attrs.nix;
    isFixedOutput = call ./is-fixed-output.nix;
    contextOf = call ./context-of.nix;
    entryContext = call ./entry-context.nix;
    inputsOfContext = call ./inputs-of-context.nix;
    checkInput = call ./check-input.nix;
    distinctEntries = call ./distinct-entries.nix;
    planRequest = call ./plan-request.nix;
    plannedInputs = call ./planned-inputs.nix;
    checkRefusal = call ./check-refusal.nix;
    directInputs = call ./direct-inputs.nix;
    listFiles = call ./list-files.nix;
    ownSource = call ./own-source.nix;
    installedOutputs = call ./installed-outputs.nix;
    binOutput = call ./bin-output.nix;

    # The flake's inputs
    flakeTree = call ./flake-tree.nix;
    flakeKey = call ./flake-key.nix;
    flakeGraph = call ./flake-graph.nix;
    subject = call ./subject.nix;
    flakeInputs = call ./flake-inputs.nix;
    checkLock = call ./check-lock.nix;

    # What is signed
    buildTargets = call ./build-targets.nix;
    namedInputs = call ./named-inputs.nix;
    releaseOutputs = call ./release-outputs.nix;
    releaseSource = call ./release-source.nix;

    # What packages say of themselves
    orElse = call ./or-else.nix;
    plainText = call ./plain-text.nix;
    derivationsBelow = call ./derivations-below.nix;
    packageMetadata = call ./package-metadata.nix;
    derivationFiles = call ./derivation-files.nix;

    # What must not be given to everyone
    shorten = call ./shorten.nix;
    licenseRestrictions = call ./license-restrictions.nix;
    privateSources = call ./private-sources.nix;

    # The partition
    unique = call ./unique.nix;
    groupName = call ./group-name.nix;
    groups = call ./groups.nix;
    mergeSurplus = call ./merge-surplus.nix;
    partition = call ./partition.nix;

    # The image
    ociPlatform = call ./oci-platform.nix;
    mergeConfig = call ./merge-config.nix;
    mergeNixConf = call ./merge-nix-conf.nix;
    renderNixConf = call ./render-nix-conf.nix;
  };
in
functions
