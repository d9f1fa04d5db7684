//! WebSockets.

use std::io;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::{WebSocketStream, connect_async};

use super::Shared;
use super::serve::{Verdict, envelope, unauthorised};

/// Where frames go.
enum Frame {
    /// To the client.
    Back(String),
    /// To the node.
    On(String),
    /// Nowhere: the connection ends.
    End,
}

/// Agrees to speak WebSocket on this connection.
pub(super) fn upgrade(
    shared: Arc<Shared>,
    mut request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY);
    let accept = derive_accept_key(key.ok_or(io::ErrorKind::InvalidData)?.as_bytes());
    let accept = HeaderValue::try_from(accept).map_err(io::Error::other)?;
    let headers = request.headers().clone();
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrading.await {
            let stop = shared.stop.clone();
            stop.run_until_cancelled(converse(upgraded, shared, headers))
                .await;
        }
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Goes on until one side ends, or a rule cuts it. `headers` are those that the connection began with.
async fn converse(upgraded: Upgraded, shared: Arc<Shared>, headers: HeaderMap) {
    let Some(address) = shared.upstream.address() else {
        return;
    };
    let Ok((mut node, _)) = connect_async(format!("ws://{address}")).await else {
        return;
    };
    let upgraded = TokioIo::new(upgraded);
    let mut client = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
    let (frames, mut coming) = unbounded_channel();
    loop {
        let sent = tokio::select! {
            said = client.next() => match said {
                Some(Ok(Message::Text(text))) => {
                    tokio::spawn(frame(Arc::clone(&shared), headers.clone(), text.to_string(), frames.clone()));
                    Ok(())
                }
                Some(Ok(message)) if !message.is_close() => Ok(()),
                _ => return,
            },
            said = node.next() => match said {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => client.send(message).await,
                Some(Ok(message)) if !message.is_close() => Ok(()),
                _ => return,
            },
            frame = coming.recv() => match frame {
                Some(Frame::Back(text)) => client.send(Message::text(text)).await,
                Some(Frame::On(text)) => node.send(Message::text(text)).await,
                Some(Frame::End) | None => return,
            },
        };
        if sent.is_err() {
            return;
        }
    }
}

/// What becomes of one frame. Others go on meanwhile.
async fn frame(
    shared: Arc<Shared>,
    headers: HeaderMap,
    text: String,
    frames: UnboundedSender<Frame>,
) {
    let call = serde_json::from_str::<Value>(&text).unwrap_or_default();
    let frame = if shared.lets_in(&headers) {
        match shared.judge(&call).await {
            // Subscriptions belong to the connection; so everything that passes takes it.
            Verdict::Forward => Frame::On(text),
            Verdict::Lose => {
                shared.upstream.post(text.into()).await;
                return;
            }
            Verdict::Answer(answer) => Frame::Back(envelope(&call, answer).to_string()),
            Verdict::Status(..) | Verdict::Cut => Frame::End,
        }
    } else {
        Frame::Back(envelope(&call, Err(unauthorised())).to_string())
    };
    // Nobody may be there any more.
    let _ = frames.send(frame);
}
