//! A bare rmcp echo on hyper: `bare-echo-http serve --port PORT`, like a server of an app.

use std::convert::Infallible;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args()
        .nth(3)
        .and_then(|port| port.parse::<u16>().ok())
        .unwrap_or_default();
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let (service, mut connections) = (mcp_lambda_tests::bare::service(()), JoinSet::new());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        let answer = service_fn(move |request| {
            let service = service.clone();
            async move { Ok::<_, Infallible>(service.handle(request).await) }
        });
        connections.spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer),
        );
    }
}
