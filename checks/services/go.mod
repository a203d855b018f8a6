// Not to fetch anything: where there is a go.mod, Go looks for a package's later versions without their number in its path, as
// Debian lays them out.
module nix-seed.test/services

go 1.24
