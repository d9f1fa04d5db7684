//! The bearer token that the RPC node asks for: a JSON Web Token signed with ES256, which Besu takes as well as RS256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::OsRng;
use p256::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use serde::{Deserialize, Serialize};

/// How tokens are signed, as Besu and the token's header name it.
pub(super) const ALGORITHM: &str = "ES256";

/// The key that signs tokens, which no node needs.
pub(super) const SECRET_FILE: &str = "jwt/private.pem";

/// The key that the RPC node checks tokens with.
pub(super) const PUBLIC_FILE: &str = "jwt/public.pem";

/// The token for `ayumi` and `ayumi-solver`.
pub(super) const FILE: &str = "ayumi.token";

/// The methods that a member needs; none that changes the node.
pub(super) const PERMISSIONS: [&str; 3] = ["eth:*", "net:*", "web3:*"];

#[derive(Serialize, Deserialize)]
struct Head {
    alg: String,
    typ: String,
}

/// What a token says. Besu reads `permissions` and `exp`, and passes over the rest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) permissions: Vec<String>,
    pub(super) chain_id: u64,
    pub(super) iat: u64,
    pub(super) exp: u64,
}

impl Claims {
    /// Of a member of the chain, from now for some days.
    pub(super) fn new(chain_id: u64, now: u64, days: u32) -> Self {
        Self {
            sub: "ayumi".into(),
            permissions: PERMISSIONS.map(str::to_owned).to_vec(),
            chain_id,
            iat: now,
            exp: now + u64::from(days) * 24 * 60 * 60,
        }
    }
}

/// A key that signs tokens.
pub(super) struct Issuer(SecretKey);

impl Issuer {
    pub(super) fn random() -> Self {
        Self(SecretKey::random(&mut OsRng))
    }

    /// Out of PKCS #8 in PEM.
    pub(super) fn read(pem: &str) -> Result<Self, String> {
        let key = SecretKey::from_pkcs8_pem(pem);
        key.map(Self)
            .map_err(|error| format!("is no key of P-256 in PKCS #8: {error}"))
    }

    pub(super) fn secret_pem(&self) -> Result<String, String> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF);
        pem.map(|pem| pem.to_string())
            .map_err(|error| error.to_string())
    }

    pub(super) fn public_pem(&self) -> Result<String, String> {
        let pem = self.0.public_key().to_public_key_pem(LineEnding::LF);
        pem.map_err(|error| error.to_string())
    }

    pub(super) fn sign(&self, claims: &Claims) -> String {
        let head = Head {
            alg: ALGORITHM.into(),
            typ: "JWT".into(),
        };
        let signed = format!("{}.{}", part(&head), part(claims));
        let signature: Signature = SigningKey::from(&self.0).sign(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        format!("{signed}.{signature}")
    }
}

fn part(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("heads and claims are plain structures");
    URL_SAFE_NO_PAD.encode(json)
}

/// What a token says, if the key signed it.
pub(super) fn verify(token: &str, public_pem: &str) -> Result<Claims, String> {
    let malformed = || "is no JSON Web Token".to_owned();
    let (signed, signature) = token.trim_end().rsplit_once('.').ok_or_else(malformed)?;
    let (head, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed());

    let head = serde_json::from_slice::<Head>(&bytes(head)?).map_err(|_| malformed())?;
    if head.alg != ALGORITHM {
        return Err(format!("is signed with {}, not {ALGORITHM}", head.alg));
    }
    let key = VerifyingKey::from_public_key_pem(public_pem)
        .map_err(|error| format!("cannot be checked, {PUBLIC_FILE} is no key: {error}"))?;
    let signature = Signature::from_slice(&bytes(signature)?).map_err(|_| malformed())?;
    key.verify(signed.as_bytes(), &signature)
        .map_err(|_| format!("is not signed by the key of {PUBLIC_FILE}"))?;
    serde_json::from_slice(&bytes(claims)?).map_err(|error| format!("lacks a claim: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_was_signed() {
        let issuer = Issuer::random();
        let token = issuer.sign(&Claims::new(7, 1_000, 1));
        let claims = verify(&token, &issuer.public_pem().unwrap()).unwrap();
        assert_eq!((claims.chain_id, claims.exp), (7, 87_400));
        assert_eq!(claims.permissions, PERMISSIONS);
    }

    #[test]
    fn a_token_of_another_key_or_content_is_refused() {
        let issuer = Issuer::random();
        let public = issuer.public_pem().unwrap();
        let claims = Claims::new(7, 1_000, 1);
        let other = Issuer::random().sign(&claims);
        assert!(verify(&other, &public).unwrap_err().contains("not signed"));

        let (token, theirs) = (issuer.sign(&claims), issuer.sign(&Claims::new(8, 1_000, 1)));
        let (mine, seal) = token.rsplit_once('.').unwrap();
        let (foreign, _) = theirs.rsplit_once('.').unwrap();
        assert_ne!(mine, foreign);
        assert!(verify(&format!("{foreign}.{seal}"), &public).is_err());
        for text in ["", ".", "..", "a.b.c", seal] {
            assert!(verify(text, &public).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_reads_back() {
        let issuer = Issuer::random();
        let again = Issuer::read(&issuer.secret_pem().unwrap()).unwrap();
        assert_eq!(again.public_pem(), issuer.public_pem());
        assert!(
            issuer
                .public_pem()
                .unwrap()
                .starts_with("-----BEGIN PUBLIC KEY-----\n")
        );
        assert!(Issuer::read("").is_err());
    }
}
