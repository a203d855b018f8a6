# optionSections :: Type -> String
#
# Why: the reference page's part that lists options: first a table of all, then a section for each. Markdown, as git forges render it: the table
# leads to the headings.
#
# Example:
#   optionSections (record { level = { type = enum [ 1 2 ]; default = 1; description = "…"; example = 2; }; })
#   => "| option | default | |\n…\n### `level`\n\n…"
{
  attributePath,
  lowerCase,
  optionPaths,
  renderNix,
}:
type:
let
  nameOf = option: builtins.concatStringsSep "." option.path;
  # As forges make it of a heading.
  anchorOf =
    option: lowerCase (builtins.replaceStrings [ "." "<" ">" " " ] [ "" "" "" "-" ] (nameOf option));
  defaultOf =
    option:
    option.defaultText or (if option ? default then "`${renderNix option.default}`" else "required");

  # The first paragraph of a description, on one line.
  summaryOf =
    option: builtins.replaceStrings [ "\n" ] [ " " ] (builtins.head (builtins.split "\n\n" (trimmed option.description)));
  # Without the line break that ends a text of several lines.
  trimmed =
    text:
    let
      length = builtins.stringLength text - 1;
    in
    if builtins.substring length 1 text == "\n" then builtins.substring 0 length text else text;

  rowOf = { option, ... }@of: "| [`${nameOf of}`](#${anchorOf of}) | ${defaultOf option} | ${builtins.replaceStrings [ "|" ] [ "\\|" ] (summaryOf option)} |";
  sectionOf =
    { option, example, ... }@of:
    ''
      ### `${nameOf of}`

      ${trimmed option.description}

      - Type: ${option.type.expected}.
      - ${if option ? default then "Default: ${defaultOf option}" else "It has to be given"}.

      ```nix
      ${attributePath example} = ${renderNix option.example};
      ```
    '';

  options = optionPaths type;
in
''
  | option | default | what it is |
  |---|---|---|
  ${builtins.concatStringsSep "\n" (map rowOf options)}

  ${builtins.concatStringsSep "\n" (map sectionOf options)}''
