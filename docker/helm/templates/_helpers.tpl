{{/* The name of all objects: the release's, with the chart's where that is not in it. */}}
{{- define "residua.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What a selector names: it may never change. Called with a dict of `root` and `component`. */}}
{{- define "residua.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "residua.labels" -}}
{{ include "residua.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "residua.image" -}}
{{- $tag := .Values.image.tag | default (ternary "cuda" "cpu" .Values.gpu.enabled) -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}

{{- define "residua.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "residua.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* The secret with the tokens; empty where there is none. */}}
{{- define "residua.tokenSecret" -}}
{{- if .Values.tokens.existingSecret -}}
{{ .Values.tokens.existingSecret }}
{{- else if or .Values.tokens.admin .Values.tokens.api -}}
{{ include "residua.fullname" . }}
{{- end -}}
{{- end -}}

{{/* The key of a token in that secret; empty where the token is not used. Called with `root` and `token`. */}}
{{- define "residua.tokenKey" -}}
{{- $tokens := .root.Values.tokens -}}
{{- if $tokens.existingSecret -}}
{{ get $tokens (printf "%sKey" .token) }}
{{- else if get $tokens .token -}}
{{ .token }}-token
{{- end -}}
{{- end -}}

{{/* What the chart cannot make sense of. */}}
{{- define "residua.check" -}}
{{- if and (eq .Values.models.source "s3") (not .Values.models.s3.url) -}}
{{- fail "models.source is s3: set models.s3.url to s3://bucket/prefix." -}}
{{- end -}}
{{- if and (eq .Values.models.source "image") (gt (int .Values.workers.replicas) 0) -}}
{{- fail "workers.replicas is more than 0: what they train has to be published, so set models.source to pvc or s3." -}}
{{- end -}}
{{- if and (gt (int .Values.workers.replicas) 0) (eq .Values.models.source "s3") (not (or .Values.redis.url .Values.redis.existingSecret)) -}}
{{- fail "workers.replicas is more than 0: where models are in S3, workers take jobs from Redis, so set redis.url or redis.existingSecret." -}}
{{- end -}}
{{- if and .Values.tokens.existingSecret (or .Values.tokens.admin .Values.tokens.api) -}}
{{- fail "tokens.existingSecret is set, so tokens.admin and tokens.api have to be empty: name the keys in that secret with tokens.adminKey and tokens.apiKey." -}}
{{- end -}}
{{- if and .Values.tokens.existingSecret (not (or .Values.tokens.adminKey .Values.tokens.apiKey)) -}}
{{- fail "tokens.existingSecret is set, but none of its keys is used: set tokens.adminKey, tokens.apiKey, or both." -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not (or .Values.autoscaling.cpuUtilization .Values.autoscaling.queueWindows)) -}}
{{- fail "autoscaling.enabled needs autoscaling.cpuUtilization or autoscaling.queueWindows." -}}
{{- end -}}
{{- end -}}
