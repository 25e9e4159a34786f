#!/bin/sh
# Prints the alerts of prometheus/alerts.yml as a resource of the Prometheus operator:
#   sh deploy/make-prometheus-rule.sh > deploy/kubernetes/prometheus-operator/prometheus-rule.yaml
set -eu
cat << 'END'
# Made of deploy/prometheus/alerts.yml by deploy/make-prometheus-rule.sh: change that, and run this.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: gateway
  labels:
    app.kubernetes.io/name: payex-usage-gateway
spec:
END
sed -n '/^groups:/,$p' "$(dirname "$0")/prometheus/alerts.yml" | sed 's/^\(.\)/  \1/'
