//! The keys in `fixtures` are of openssl's making, and sign nothing but these tests' messages.

use super::*;

const P256: &str = include_str!("fixtures/p256.pem");
const P256_PUBLIC: &str = include_str!("fixtures/p256.pub");
const SEC1: &str = include_str!("fixtures/p256-sec1.pem");
const WITH_PARAMETERS: &str = include_str!("fixtures/p256-with-parameters.pem");
const P384: &str = include_str!("fixtures/p384.pem");
const ED25519: &str = include_str!("fixtures/ed25519.pem");
const P256_ENCRYPTED: &str = include_str!("fixtures/p256-encrypted.pem");
const ED25519_SCRYPT: &str = include_str!("fixtures/ed25519-scrypt.pem");

fn key(pem: &str, password: Option<&str>) -> Result<PrivateKey> {
    PrivateKey::parse(&pem.to_owned().into(), &password.map(|text| text.to_owned().into()), "key.pem")
}

fn refused(pem: &str, password: Option<&str>) -> String {
    match key(pem, password) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn all_forms_sign_what_their_public_keys_verify() {
    for (pem, password, algorithm) in [
        (P256, None, "P-256"),
        (SEC1, None, "P-256"),
        (WITH_PARAMETERS, None, "P-256"),
        (P384, None, "P-384"),
        (ED25519, None, "Ed25519"),
        (P256_ENCRYPTED, Some("correct-horse"), "P-256"),
        (ED25519_SCRYPT, Some("correct-horse"), "Ed25519"),
    ] {
        let key = key(pem, password).unwrap();
        assert_eq!(key.public().algorithm(), algorithm);
        let signature = key.sign(b"message").unwrap();
        assert!(key.public().verifies(b"message", &signature), "{algorithm}");
        assert!(!key.public().verifies(b"another", &signature), "{algorithm}");
    }
}

#[test]
fn all_forms_of_a_key_are_that_key() {
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    for (pem, password) in
        [(P256, None), (SEC1, None), (WITH_PARAMETERS, None), (P256_ENCRYPTED, Some("correct-horse"))]
    {
        assert_eq!(*key(pem, password).unwrap().public(), public);
    }
}

#[test]
fn a_key_for_the_moment_is_another_each_time() {
    let (one, other) = (PrivateKey::ephemeral().unwrap(), PrivateKey::ephemeral().unwrap());
    assert_ne!(one.public(), other.public());
    assert!(one.public().verifies(b"m", &one.sign(b"m").unwrap()));
}

#[test]
fn no_password_or_a_wrong_one() {
    assert!(refused(P256_ENCRYPTED, None).contains("NIX_SEED_PASSWORD"));
    for pem in [P256_ENCRYPTED, ED25519_SCRYPT] {
        let said = refused(pem, Some("wrong-horse"));
        assert!(said.contains("is the password right") && !said.contains("wrong-horse"), "{said}");
    }
}

#[test]
fn what_is_no_private_key_is_not_shown() {
    assert!(refused(P256_PUBLIC, None).contains("it is a public key"));
    let secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
    for text in ["", "secret", secret, "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----"] {
        let said = refused(text, None);
        assert!(!said.contains("secret") && !said.contains("c2Vj"), "{said}");
    }
    assert!(refused(&P256.replace("PRIVATE", "STRANGE"), None).contains("not known"));
}

#[test]
fn a_key_that_would_take_all_memory_to_open() {
    let text = |n: u64| {
        let json = format!(
            r#"{{"kdf":{{"name":"scrypt","params":{{"N":{n},"r":8,"p":1}},"salt":""}},"cipher":{{"name":"nacl/secretbox","nonce":""}},"ciphertext":""}}"#
        );
        let body = data_encoding::BASE64.encode(json.as_bytes());
        format!(
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{body}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
        )
    };
    for n in [1 << 40, u64::MAX, 0, 3] {
        assert!(!refused(&text(n), Some("x")).is_empty());
    }
}
