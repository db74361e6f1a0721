#!/usr/bin/env bash
# Rolls the images of $COMMIT out to an overlay's cluster: migrations first, then every service, and back where one does not become ready.
#   KUBE_CONFIG=… REGISTRY=ghcr.io/owner COMMIT=<full hash> deploy/k8s/release.sh staging
set -euo pipefail
overlay=$(cd "$(dirname "$0")/overlays/$1" && pwd)
: "${KUBE_CONFIG:?}" "${REGISTRY:?}" "${COMMIT:?}"

KUBECONFIG=$(mktemp)
export KUBECONFIG
trap 'rm -f "$KUBECONFIG"' EXIT
printf '%s' "$KUBE_CONFIG" > "$KUBECONFIG"

services=(gateway wallet payments webhooks reconciler)
namespace=$(sed -n 's/^namespace: //p' "$overlay/kustomization.yaml")
render() {
  kubectl kustomize "$overlay" | sed -E "s#image: ([^ ]*/)?(piggybank-[a-z]+):[^ ]+#image: $REGISTRY/\2:$COMMIT#"
}

# A job's template cannot change, so the last release's goes first. The account that it runs as is there since the first release only.
kubectl -n "$namespace" delete job migrate --ignore-not-found
render | kubectl apply -l 'app.kubernetes.io/name in (piggybank, migrate)' -f -
kubectl -n "$namespace" wait --for=condition=complete --timeout=10m job/migrate

render | kubectl apply -f -
for service in "${services[@]}"; do
  if ! kubectl -n "$namespace" rollout status "deployment/$service" --timeout=5m; then
    for each in "${services[@]}"; do kubectl -n "$namespace" rollout undo "deployment/$each"; done
    exit 1
  fi
done
