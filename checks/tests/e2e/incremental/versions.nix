# What the test changes.
{
  toolchain = "1.0";
  middle = "1.0";
  leaf = "1.0";
  small = "1.0";
  outputs = [ "default" "tool" "other" ];
}
