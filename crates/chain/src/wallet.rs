use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256, Signature};
use alloy::signers::SignerSync;
use alloy::signers::local::{LocalSignerError, Secp256k1Signer};
use alloy::sol_types::{Eip712Domain, SolStruct};
use ayumi_sealing::{Scope, SecretKey, derive_one_time_key, derive_sealing_key};

/// An account's key. Printing it shows the address alone.
#[derive(Clone)]
pub struct Wallet(Secp256k1Signer);

/// Why a keystore could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// There is no such file.
    #[error("there is no keystore at {0}")]
    Missing(PathBuf),
    /// Others than its owner can read it.
    #[error("the keystore {0} can be read by others than its owner")]
    Exposed(PathBuf),
    /// It is damaged, or the password is wrong.
    #[error("the keystore {path} does not open: {cause}")]
    Locked {
        /// Of the keystore.
        path: PathBuf,
        /// What is wrong.
        cause: LocalSignerError,
    },
    /// The file system refused.
    #[error("{path}: {cause}")]
    Io {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
}

impl WalletError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing(_) => {
                "name one with --keystore or ETH_KEYSTORE, or make one: ayumi account new NAME"
                    .into()
            }
            Self::Exposed(path) => format!("chmod 600 {}", path.display()),
            Self::Locked { .. } => "check the password, or the file that ETH_PASSWORD names".into(),
            Self::Io { .. } => "check the path and its permissions".into(),
        }
    }
}

impl Wallet {
    /// A new account.
    pub fn random() -> Self {
        Self(Secp256k1Signer::random())
    }

    /// Opens a keystore of version 3, as Foundry, geth and Besu keep them.
    pub fn open(path: &Path, password: &str) -> Result<Self, WalletError> {
        if !path.is_file() {
            return Err(WalletError::Missing(path.to_owned()));
        }
        check_private(path)?;
        let signer = Secp256k1Signer::decrypt_keystore(path, password);
        signer.map(Self).map_err(|cause| WalletError::Locked {
            path: path.to_owned(),
            cause,
        })
    }

    /// Writes the key into `folder` as a keystore called `name`, readable by its owner alone.
    pub fn save(&self, folder: &Path, name: &str, password: &str) -> Result<PathBuf, WalletError> {
        let path = folder.join(name);
        let io = |cause| WalletError::Io {
            path: path.clone(),
            cause,
        };
        fs::create_dir_all(folder).map_err(io)?;
        make_private(folder, 0o700).map_err(io)?;
        let mut random = rand_08::rngs::OsRng;
        Secp256k1Signer::encrypt_keystore(
            folder,
            &mut random,
            self.0.to_bytes(),
            password,
            Some(name),
        )
        .map_err(|cause| WalletError::Locked {
            path: path.clone(),
            cause,
        })?;
        make_private(&path, 0o600).map_err(io)?;
        Ok(path)
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.0.address()
    }

    /// Signs EIP-712 typed data.
    pub fn sign<T: SolStruct>(&self, message: &T, domain: &Eip712Domain) -> Signature {
        self.sign_hash(message.eip712_signing_hash(domain))
    }

    pub(crate) fn sign_hash(&self, hash: B256) -> Signature {
        self.0
            .sign_hash_sync(&hash)
            .expect("a key in memory signs any hash")
    }

    /// The key that a task's delivery and answer are sealed to. `nonce` is in the task's request.
    pub fn one_time_key(&self, scope: Scope, nonce: B256) -> SecretKey {
        derive_one_time_key(&self.0.to_bytes(), scope, nonce)
    }

    /// The key that notes to a producer, and assets to a solver, are sealed to.
    pub fn sealing_key(&self, scope: Scope) -> SecretKey {
        derive_sealing_key(&self.0.to_bytes(), scope)
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wallet({})", self.address())
    }
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), WalletError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|cause| WalletError::Io {
        path: path.to_owned(),
        cause,
    })?;
    match metadata.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(WalletError::Exposed(path.to_owned())),
    }
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<(), WalletError> {
    Ok(())
}

#[cfg(unix)]
fn make_private(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn make_private(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}
