# configKeys :: { <key> = Any -> [ String ]; }
#
# Why: what OCI's image specification (config.md, "config") lets a config hold, each key with what is wrong with a value of it. Less is
# checked than a container runtime will: what is certain to be a mistake, and would otherwise show only when the image is built.
# Not ArgsEscaped: it is for Windows, and deprecated.
#
# Example:
#   configKeys.Env [ "A" ]  => [ "element 1 of 1 is the string \"A\", not \"NAME=value\"" ]
{
  attributePath,
  describe,
  listFaults,
}:
let
  string = value: if builtins.isString value then [ ] else [ "it is ${describe value}, not a string" ];

  listOf =
    wanted: accepts: value:
    if builtins.isList value then
      map (fault: "${fault}, not ${wanted}") (listFaults accepts value)
    else
      [ "it is ${describe value}, not a list" ];

  setOf =
    wanted: accepts: value:
    let
      wrong = builtins.filter (name: !accepts value.${name}) (builtins.attrNames value);
    in
    if builtins.isAttrs value then
      map (name: "${attributePath [ name ]} is ${describe value.${name}}, not ${wanted}") wrong
    else
      [ "it is ${describe value}, not a set" ];

  # Not a match: the regex engine recurses over a long value.
  isAssignment =
    value:
    builtins.isString value
    && builtins.substring 0 1 value != "="
    && builtins.replaceStrings [ "=" ] [ "" ] value != value;

  strings = listOf "a string" builtins.isString;
  # Go's set of strings, as JSON writes it.
  emptySets = setOf "the empty set { }" (value: value == { });
in
{
  User = string;
  ExposedPorts = emptySets;
  Env = listOf "\"NAME=value\"" isAssignment;
  Entrypoint = strings;
  Cmd = strings;
  Volumes = emptySets;
  WorkingDir = string;
  Labels = setOf "a string" builtins.isString;
  StopSignal = string;
}
