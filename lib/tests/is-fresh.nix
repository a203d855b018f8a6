# isFresh :: Path -> String -> String -> Test
#
# Why: a committed document has to be what is generated. The whole text would say less than the command that writes it.
file: command: text: {
  actual =
    if builtins.readFile file == text then
      "it is what is generated"
    else
      "${toString file} is out of date; write it anew: ${command}";
  expected = "it is what is generated";
}
