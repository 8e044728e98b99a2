# Only the provider google, in the version that every check here was made with. 7.x renames things and is not verified.
terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
  # The rest stands in envs/ENVIRONMENT.gcs.tfbackend, so that no environment can be taken for another by default.
  backend "gcs" {}
}
