# run :: { <file> = { <test> = { actual, expected }; }; } -> String
#
# Why: a test is a value beside the value that it should be. All run; a failure names every test that failed, with both values.
#
# Example:
#   run { unique = { "keeps order" = { actual = unique [ "b" "a" ]; expected = [ "b" "a" ]; }; }; }  => "1 passed, 0 failed"
files:
let
  testsOf =
    file:
    map (
      name:
      files.${file}.${name}
      // {
        name = "${file}: ${name}";
      }
    ) (builtins.attrNames files.${file});
  tests = builtins.concatMap testsOf (builtins.attrNames files);

  passes = test: builtins.addErrorContext "while running the test \"${test.name}\"" (test.actual == test.expected);
  results = builtins.partition passes tests;
  summary = "${toString (builtins.length results.right)} passed, ${toString (builtins.length results.wrong)} failed";

  show = value: builtins.unsafeDiscardStringContext (if builtins.isString value then value else builtins.toJSON value);
  report = test: "failed: ${test.name}\n--- expected\n${show test.expected}\n--- actual\n${show test.actual}\n";
in
if results.wrong == [ ] then
  summary
else
  throw "${summary}\n\n${builtins.concatStringsSep "\n" (map report results.wrong)}"
