//! Keystores as Foundry keeps them.

use std::fs;

use ayumi_chain::{Wallet, WalletError};
use tempfile::TempDir;

#[test]
fn a_saved_key_opens_with_its_password_alone() {
    let folder = TempDir::new().unwrap();
    let wallet = Wallet::random();
    let path = wallet.save(folder.path(), "aoba", "secret").unwrap();
    assert_eq!(
        Wallet::open(&path, "secret").unwrap().address(),
        wallet.address()
    );
    assert!(matches!(
        Wallet::open(&path, "wrong"),
        Err(WalletError::Locked { .. })
    ));
}

#[test]
fn a_missing_keystore_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("nobody");
    assert!(matches!(Wallet::open(&path, ""), Err(WalletError::Missing(named)) if named == path));
}

#[cfg(unix)]
#[test]
fn a_keystore_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = Wallet::random()
        .save(folder.path(), "aoba", "secret")
        .unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        Wallet::open(&path, "secret"),
        Err(WalletError::Exposed(_))
    ));
}

#[test]
fn printing_a_wallet_shows_no_key() {
    let wallet = Wallet::random();
    assert_eq!(
        format!("{wallet:?}"),
        format!("Wallet({})", wallet.address())
    );
}
