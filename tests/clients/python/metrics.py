"""Reads a page of metrics by prometheus_client's parser of OpenMetrics, and prints each sample in a line of JSON."""

import json
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1]) as response:
    expected = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert response.headers["content-type"] == expected, response.headers["content-type"]
    text = response.read().decode()

for family in text_string_to_metric_families(text):
    assert family.documentation, family
    for sample in family.samples:
        print(json.dumps({"name": sample.name, "labels": sample.labels, "value": sample.value}))
