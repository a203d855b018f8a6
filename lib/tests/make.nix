# make :: String -> { <attribute> = Value; } -> Derivation
#
# Why: a derivation that is never built needs no more than a name; what a test is about is in its attributes.
#
# Example:
#   make "app" { src = ./.; }  => «derivation …-app.drv»
name: attributes:
derivation (
  {
    inherit name;
    system = "x86_64-linux";
    builder = "/none";
  }
  // attributes
)
