# schemaRead :: { what :: String, type :: Type, called? :: String, example? :: String } -> Any -> { value :: Any, problems :: [ String ] }
#
# Why: one walk over what a person wrote checks it and fills in what was left out. `value` means something where there are no problems, of
# which each is a whole message. `what` is whose options they are, `called` the word for one, `example` a whole that is right. A private key is
# never repeated, wherever it was put.
#
# Example:
#   schemaRead { what = "seedCfg"; type = record { level = { type = enum [ 1 2 ]; default = 1; … }; }; } { }
#   => { value = { level = 1; }; problems = [ ]; }
#   schemaRead { what = "seedCfg"; … } { levle = 2; }
#   => { problems = [ "nix-seed: seedCfg has no option `levle`. Did you mean `level`? …" ]; … }
{
  attributePath,
  describe,
  fileText,
  nearestName,
  optionPaths,
  renderNix,
}:
{
  what,
  type,
  called ? "option",
  example ? null,
}:
let
  likeThis = if example == null then "" else "\nFor example: ${example}";

  # Where an option of that name is: it may have been put in the wrong place.
  placesOf =
    name: builtins.filter (place: builtins.elemAt place (builtins.length place - 1) == name) (map (option: option.path) (optionPaths type));

  isSecret = text: builtins.replaceStrings [ "PRIVATE KEY" ] [ "" ] text != text;
  secret = "holds a private key, which is not repeated here: whatever is in a flake can be read by everybody, so take it out and make another";

  # What every reader gives. `faults` are about the value itself, "it is the integer 7"; `problems` about options within, whole messages.
  good = value: {
    inherit value;
    faults = [ ];
    problems = [ ];
  };
  bad = subject: faults: {
    value = null;
    faults = map (fault: "${subject} ${fault}") faults;
    problems = [ ];
  };
  wrong = subject: value: bad subject [ (if builtins.isString value && isSecret value then secret else "is ${describe value}") ];
  result = subject: prefix: read: if read ? value then good read.value else bad subject (map (fault: prefix + fault) read.faults);

  # subject: what a fault speaks of, "it" or "element 2 of 3". path: of the option.
  readers = {
    text =
      type: _path: subject: value:
      let
        length = builtins.stringLength value;
        matching =
          text: if builtins.match type.pattern text == null then { faults = [ "is ${describe text}" ]; } else { value = text; };
      in
      if !builtins.isString value then
        wrong subject value
      else if isSecret value then
        bad subject [ secret ]
      # The length first: the regex engine recurses over a long value.
      else if length > type.max then
        bad subject [ "is a string of ${toString length} bytes, more than ${toString type.max}" ]
      else if builtins.hasContext value then
        bad subject [ "holds a store path, which is of one system, and which an evaluation does not make" ]
      else
        result subject "" ((type.read or matching) value);

    file =
      type: _path: subject: value:
      let
        file = fileText type.max value;
      in
      if !builtins.isString value && !builtins.isPath value then
        wrong subject value
      else if file ? fault then
        bad subject [ file.fault ]
      else if isSecret file.text then
        bad subject [ (file.which + secret) ]
      else
        result subject file.which (type.read file.text);

    int =
      type: _path: subject: value:
      if builtins.isInt value && value >= type.min && value <= type.max then good value else wrong subject value;

    bool = _type: _path: subject: value: if builtins.isBool value then good value else wrong subject value;

    enum =
      type: _path: subject: value:
      if builtins.elem value type.values then good value else wrong subject value;

    opaque =
      type: _path: subject: value:
      if type.accepts value then good value // { faults = type.faults value; } else wrong subject value;

    nullOr =
      type: path: subject: value:
      if value == null then good null else read type.of path subject value;

    listOf =
      type: path: subject: value:
      let
        count = builtins.length value;
        elements = builtins.genList (
          index: read type.of path "element ${toString (index + 1)} of ${toString count}" (builtins.elemAt value index)
        ) count;
      in
      if !builtins.isList value then
        wrong subject value
      else if count < type.min then
        bad subject [ "is an empty list" ]
      else if type.max != null && count > type.max then
        bad subject [ "is a list of ${toString count}, more than ${toString type.max}" ]
      else
        {
          value = map (element: element.value) elements;
          faults = builtins.concatMap (element: element.faults) elements;
          problems = [ ];
        };

    attrsOf =
      type: path: subject: value:
      let
        count = builtins.length (builtins.attrNames value);
        elements = builtins.mapAttrs (name: read type.of (path ++ [ name ]) "it") value;
        ofName =
          name:
          let
            key = read type.key path "it" name;
            element = elements.${name};
          in
          if key.faults != [ ] then
            [
              ''
                nix-seed: ${what}'s ${attributePath path} has a name that is not what it has to be: ${builtins.concatStringsSep "; " key.faults}.
                Expected: ${type.key.expected}.
                For example: ${attributePath (path ++ [ type.example ])} = …;''
            ]
          else if element.faults != [ ] then
            [
              ''
                nix-seed: ${what}'s ${attributePath (path ++ [ name ])} is not what it has to be: ${builtins.concatStringsSep "; " element.faults}.
                Expected: ${type.of.expected}.''
            ]
          else
            element.problems;
      in
      if !builtins.isAttrs value then
        wrong subject value
      else if count > type.max then
        bad subject [ "is a set of ${toString count} names, more than ${toString type.max}" ]
      else
        {
          value = builtins.mapAttrs (_name: element: element.value) elements;
          faults = [ ];
          problems = builtins.concatMap ofName (builtins.attrNames value);
        };

    record =
      type: path: subject: value:
      let
        names = builtins.attrNames type.fields;
        here = name: attributePath (path ++ [ name ]);
        options = builtins.mapAttrs (
          name: option: read option.type (path ++ [ name ]) "it" (value.${name} or option.default)
        ) type.fields;
        asked = name: ''
          Expected: ${type.fields.${name}.type.expected}.
          For example: ${here name} = ${renderNix type.fields.${name}.example};'';

        ofOption =
          name:
          if !(value ? ${name}) && !(type.fields.${name} ? default) then
            [ "nix-seed: ${what} needs the ${called} `${here name}`.\n${asked name}" ]
          else if options.${name}.faults != [ ] then
            [
              "nix-seed: ${what}'s ${called} `${here name}` is not what it has to be: ${
                builtins.concatStringsSep "; " options.${name}.faults
              }.\n${asked name}"
            ]
          else
            options.${name}.problems;

        ofUnknown =
          name:
          let
            nearest = nearestName names name;
            places = placesOf name;
            # The very name in another place rather than another name here.
            hint =
              if places != [ ] then
                " Did you mean `${builtins.concatStringsSep "." (builtins.head places)}`?"
              else if nearest != null then
                " Did you mean `${here nearest}`?"
              else
                "";
          in
          [
            ''
              nix-seed: ${what} has no ${called} `${here name}`.${hint}
              The ${called}s ${if path == [ ] then "are" else "of ${attributePath path} are"}: ${builtins.concatStringsSep ", " names}.${likeThis}''
          ];
      in
      if !builtins.isAttrs value then
        wrong subject value
      else
        {
          value = builtins.mapAttrs (_name: option: option.value) options;
          faults = [ ];
          problems =
            builtins.concatMap ofUnknown (builtins.filter (name: !(type.fields ? ${name})) (builtins.attrNames value))
            ++ builtins.concatMap ofOption names;
        };
  };

  read = type: readers.${type.kind} type;
in
value:
let
  whole = read type [ ] "what it got" value;
in
{
  inherit (whole) value;
  problems = map (fault: "nix-seed: ${what} takes a set of ${called}s, but ${fault}.${likeThis}") whole.faults ++ whole.problems;
}
