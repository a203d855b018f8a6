# unique :: [ String ] -> [ String ]
#
# Why: each string once, where it came first, with its context. Two strings are the same when their characters are.
#
# Example:
#   unique [ "b" "a" "b" ]  => [ "b" "a" ]
{ }:
strings:
map (item: item.string) (
  builtins.genericClosure {
    startSet = map (string: {
      key = builtins.unsafeDiscardStringContext string;
      inherit string;
    }) strings;
    operator = _item: [ ];
  }
)
