//! A bare rmcp echo on `lambda_http`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    mcp_lambda_tests::bare::on_lambda(()).await
}
