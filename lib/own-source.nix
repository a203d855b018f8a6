# ownSource :: String -> String -> Bool
#
# Why: a source belongs to the flake when each of its non-empty regular files is the same, byte for byte, as a file of the flake at
# the matching place: the whole tree, a filtered copy, a subfolder, or one file, renamed or not. Such a source changes with
# every edit, so it must not be part of the seed. nixpkgs' patches and builder scripts are nobody's files here, and stay.
# A source without any non-empty file cannot be told, and stays too.
#
# `ownSource flake` is to be kept by the caller: what it knows about the flake is then worked out once, and only when asked.
#
# Example:
#   isOwn = ownSource "${self}";
#   isOwn "/nix/store/…-src"                  => true        a copy of ./src
#   isOwn "/nix/store/…-default-builder.sh"   => false
{ listFiles }:
flake:
let
  plain = builtins.unsafeDiscardStringContext;
  emptyHash = builtins.hashString "sha256" "";
  hashOf = root: file: builtins.hashFile "sha256" "${root}/${file}";

  files = listFiles flake;
  hashes = builtins.listToAttrs (
    map (file: {
      name = file;
      value = hashOf flake file;
    }) files
  );
  byName = builtins.groupBy baseNameOf files;
  byHash = builtins.groupBy (file: hashes.${file}) files;

  # A store path's name is a file's, unless it was renamed: trying that first saves reading the whole flake.
  isOwnFile =
    source:
    let
      hash = builtins.hashFile "sha256" source;
      name = builtins.substring 33 (-1) (baseNameOf (plain source));
      hasHash = file: hashes.${file} == hash;
    in
    hash != emptyHash && (builtins.any hasHash (byName.${name} or [ ]) || byHash ? ${hash});

  isOwnFolder =
    source:
    let
      sourceFiles = builtins.filter (file: file.hash != emptyHash) (
        map (path: {
          inherit path;
          hash = hashOf source path;
        }) (listFiles source)
      );
      first = builtins.head sourceFiles;

      # Where in the flake the source may have come from: wherever its first file is found.
      matchesAt = prefix: builtins.all (file: hashes.${prefix + file.path} or null == file.hash) sourceFiles;
      prefixOf =
        file: builtins.substring 0 (builtins.stringLength file - builtins.stringLength first.path) file;
      isFolder = prefix: prefix == "" || builtins.match ".*/" prefix != null;
      places = builtins.filter isFolder (map prefixOf (byName.${baseNameOf first.path} or [ ]));
    in
    sourceFiles != [ ] && builtins.any matchesAt places;

  isOwn = {
    regular = isOwnFile;
    directory = isOwnFolder;
    # A link has no bytes of its own.
    symlink = _source: false;
  };
in
source: plain source == plain flake || isOwn.${builtins.readFileType source} source
