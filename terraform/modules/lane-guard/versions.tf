terraform {
  # Only the built-in terraform_data: the guard has to work where no cloud can be reached, too.
  required_version = ">= 1.11"
}
