fn main() -> Result<(), lambda_runtime::Error> {
    crossover_lambda_kit::serve(lag_wait::LagWait)
}
