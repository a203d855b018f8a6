# distinctEntries :: [ Entry ] -> [ Entry ]
#
# Why: a derivation that is several outputs (`checks = packages`) is one entry to plan for: what it needs is not shared by that.
#
# Example:
#   distinctEntries [ packages-default checks-default ]  => [ packages-default ]
{ }:
entries:
map (item: item.entry) (
  builtins.genericClosure {
    startSet = map (entry: {
      key = if entry.sort == "app" then entry.label else builtins.unsafeDiscardStringContext entry.value.drvPath;
      inherit entry;
    }) entries;
    operator = _item: [ ];
  }
)
