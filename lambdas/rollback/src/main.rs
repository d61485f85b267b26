fn main() -> Result<(), lambda_runtime::Error> {
    crossover_lambda_kit::serve(rollback::Rollback)
}
