use std::path::PathBuf;

use clap::parser::ValueSource;
use serde::Serialize;
use serde_json::Value;

use crate::cx::{Cx, keystores, source};
use crate::error::Result;
use crate::output::Answer;
use crate::text::table;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// A setting, its value, and where the value came from.
#[derive(Serialize)]
struct Setting {
    name: String,
    value: Option<String>,
    from: String,
}

pub(crate) fn run(cx: &Cx) -> Result<Answer> {
    let settings = settings(cx)?;
    let rows = settings.iter().map(|setting| {
        let value = setting.value.clone().unwrap_or_else(|| "–".into());
        [setting.name.clone(), value, setting.from.clone()]
    });
    let text = table(["setting", "value", "from"], rows);
    Ok(Answer::new(&settings, text))
}

fn settings(cx: &Cx) -> Result<Vec<Setting>> {
    let (network, wallet) = (&cx.global.network, &cx.global.wallet);
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());

    let mut settings = vec![
        setting(
            cx,
            "rpc-url",
            "ETH_RPC_URL",
            Some(network.rpc_url.to_string()),
        ),
        setting(
            cx,
            "operator",
            "AYUMI_OPERATOR",
            network.operator.map(|operator| operator.to_string()),
        ),
        setting(
            cx,
            "solver",
            "AYUMI_SOLVER",
            network.solver.as_ref().map(ToString::to_string),
        ),
        setting(cx, "network", "AYUMI_NETWORK", path(&network.network)),
        setting(
            cx,
            "state",
            "AYUMI_STATE",
            Some(cx.state_folder()?.display().to_string()),
        ),
        setting(cx, "keystore", "ETH_KEYSTORE", path(&wallet.keystore)),
        setting(
            cx,
            "account",
            "ETH_KEYSTORE_ACCOUNT",
            wallet.account.clone(),
        ),
        setting(
            cx,
            "password-file",
            "ETH_PASSWORD",
            path(&wallet.password_file),
        ),
        Setting {
            name: "keystores".into(),
            value: Some(keystores()?.display().to_string()),
            from: foundry(),
        },
    ];
    settings.extend(profile(cx)?);
    Ok(settings)
}

fn setting(cx: &Cx, name: &str, variable: &str, value: Option<String>) -> Setting {
    let from = match source(&cx.matches, name) {
        Some(ValueSource::CommandLine) => format!("--{name}"),
        Some(ValueSource::EnvVariable) => variable.to_owned(),
        _ if value.is_some() => "default".into(),
        _ => format!("not set: --{name} or {variable}"),
    };
    Setting {
        name: name.to_owned(),
        value,
        from,
    }
}

fn foundry() -> String {
    if std::env::var_os("FOUNDRY_DIR").is_some() {
        "FOUNDRY_DIR".into()
    } else {
        "default".into()
    }
}

/// The network's profile, setting by setting.
fn profile(cx: &Cx) -> Result<Vec<Setting>> {
    let from = cx
        .global
        .network
        .network
        .as_ref()
        .map_or("default".into(), |path| path.display().to_string());
    let profile = serde_json::to_value(cx.patient_network()?).unwrap_or_default();
    let settings = profile.as_object().into_iter().flatten();
    Ok(settings
        .map(|(name, value)| Setting {
            name: format!("network.{name}"),
            value: plain(value),
            from: from.clone(),
        })
        .collect())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}
