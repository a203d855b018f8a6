//! A derivation: the input is the content of its `.drv` file.

use nix_seed_store::{Derivation, Output, OutputKind, StorePath};

/// A derivation of each kind of output, with all that it can need.
pub fn honest() -> Vec<u8> {
    let path = |name: &str| format!("/nix/store/{}-{name}", "0".repeat(32));
    let (out, dev, drv, source) = (path("hello"), path("hello-dev"), path("bash.drv"), path("source"));
    format!(
        r#"Derive([("dev","{dev}","r:sha256","00ff"),("doc","","r:sha256",""),("lib","","r:sha256","impure"),("out","{out}","","")],[("{drv}",["dev","out"])],["{source}"],"x86_64-linux","/bin/sh",["-c","a\n\"b\"\\"],[("name","hello"),("out","{out}")])"#
    )
    .into_bytes()
}

/// What is read survives being written, and is no more than was there; what is longer or cut short is refused.
pub fn run(data: &[u8]) -> bool {
    let Ok(derivation) = Derivation::parse(data) else { return false };
    if derivation.is_dynamic {
        return derivation == Derivation { is_dynamic: true, ..Derivation::default() };
    }
    // Whose value is an address is not written again.
    let without = |derivation: Derivation| Derivation { fixed: None, ..derivation };
    assert_eq!(without(Derivation::parse(&write(&derivation)).unwrap()), without(derivation.clone()));
    if let Some(fixed) = &derivation.fixed {
        assert!(derivation.is_fixed());
        assert!(fixed.urls().iter().map(|url| url.len()).sum::<usize>() < data.len());
    }

    let Derivation { outputs, inputs, sources, texts, .. } = &derivation;
    let used = inputs.iter().flat_map(|(_, outputs)| outputs);
    let names = outputs.iter().map(|output| &output.name).chain(used).map(String::len);
    let paths = outputs.iter().filter_map(|output| output.path.as_ref());
    let paths = paths.chain(inputs.iter().map(|(path, _)| path)).chain(sources);
    assert!(paths.clone().all(|path| StorePath::parse(&path.to_string()).is_ok_and(|again| again == *path)));
    let paths = paths.map(|path| path.to_string().len());
    assert!(names.chain(paths).chain(texts.iter().map(Vec::len)).sum::<usize>() < data.len());

    assert!(!derivation.is_fixed() || outputs.iter().all(|output| derivation.output(&output.name).is_some()));
    assert!(Derivation::parse(&data[..data.len() - 1]).is_err());
    assert!(Derivation::parse(&[data, b")"].concat()).is_err());
    true
}

/// As Nix writes it, as far as it is known.
fn write(Derivation { outputs, inputs, sources, texts, .. }: &Derivation) -> Vec<u8> {
    let mut aterm = b"Derive(".to_vec();
    aterm.extend(list(outputs.iter().map(|Output { name, path, kind }| {
        let (algorithm, hash) = match kind {
            OutputKind::InputAddressed => ("", ""),
            OutputKind::Fixed => ("sha256", "00"),
            OutputKind::Floating => ("sha256", ""),
            OutputKind::Impure => ("sha256", "impure"),
        };
        let path = path.as_ref().map(ToString::to_string).unwrap_or_default();
        tuple([name, &path, algorithm, hash].map(|text| string(text.as_bytes())))
    })));
    aterm.push(b',');
    aterm.extend(list(inputs.iter().map(|(path, outputs)| {
        tuple([string(path.to_string().as_bytes()), list(outputs.iter().map(|name| string(name.as_bytes())))])
    })));
    aterm.push(b',');
    aterm.extend(list(sources.iter().map(|path| string(path.to_string().as_bytes()))));
    // Which of the texts are arguments is not known.
    let (builder, values) = texts.split_first().unwrap();
    aterm.extend([b",\"system\",", &*string(builder), b",[],"].concat());
    aterm.extend(list(values.iter().map(|value| tuple([string(b"name"), string(value)]))));
    aterm.push(b')');
    aterm
}

fn list(elements: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    [b"[", &*elements.collect::<Vec<_>>().join(&b','), b"]"].concat()
}

fn tuple<const N: usize>(elements: [Vec<u8>; N]) -> Vec<u8> {
    [b"(", &*elements.join(&b','), b")"].concat()
}

fn string(text: &[u8]) -> Vec<u8> {
    let mut string = vec![b'"'];
    for byte in text {
        match byte {
            b'"' | b'\\' => string.extend([b'\\', *byte]),
            b'\n' => string.extend(b"\\n"),
            b'\r' => string.extend(b"\\r"),
            b'\t' => string.extend(b"\\t"),
            other => string.push(*other),
        }
    }
    string.push(b'"');
    string
}
