//! A bare `lambda_http` function: nothing of ours can start faster.

use std::convert::Infallible;

use lambda_http::{Body, Error, Request, Response, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let hello = |_: Request| async { Ok::<_, Infallible>(Response::new(Body::from("hello"))) };
    lambda_http::run(service_fn(hello)).await
}
