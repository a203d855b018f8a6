//! Inputs for which a property once failed.

use std::path::Path;

/// Proptest looks for them at the place of the source, and says nothing where it finds none.
#[test]
fn the_cases_that_once_failed_lie_where_they_are_tried_again() {
    let mut files = 0;
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![package.join("proptest-regressions")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let place = path.strip_prefix(package.join("proptest-regressions")).unwrap();
            let source = package.join("src").join(place).with_extension("rs");
            let text = std::fs::read_to_string(&source).unwrap_or_else(|_| panic!("{} has no source", path.display()));
            assert!(text.contains("proptest! {"), "{} has no property", source.display());
            files += 1;
        }
    }
    assert!(files > 0);
}
