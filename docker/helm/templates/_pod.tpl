{{/* Environment variables of the service and the workers. */}}
{{- define "residua.env" -}}
{{- if eq .Values.models.source "s3" }}
- name: RESIDUA_MODELS
  value: {{ .Values.models.s3.url | quote }}
- name: RESIDUA_CACHE
  value: /var/cache/residua/models
{{- with .Values.models.s3.endpoint }}
- name: RESIDUA_S3_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.models.s3.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.models.s3.existingSecret }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $.Values.models.s3.existingSecret }}, key: {{ . }} } }
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.redis.existingSecret }}
- name: RESIDUA_REDIS_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.redis.existingSecret }}, key: {{ .Values.redis.key }} } }
{{- else if .Values.redis.url }}
- name: RESIDUA_REDIS_URL
  value: {{ .Values.redis.url | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "residua.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "residua.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "residua.volumeMounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: cache, mountPath: /var/cache/residua }
{{- if eq .Values.models.source "pvc" }}
- { name: models, mountPath: /models }
{{- end }}
{{- end -}}

{{- define "residua.volumes" -}}
- name: tmp
  emptyDir: {}
- name: cache
{{- if and .Values.gpu.enabled .Values.gpu.cacheClaim }}
  persistentVolumeClaim: { claimName: {{ .Values.gpu.cacheClaim }} }
{{- else }}
  emptyDir: { sizeLimit: {{ .Values.models.cacheSize }} }
{{- end }}
{{- if eq .Values.models.source "pvc" }}
- name: models
  persistentVolumeClaim:
    claimName: {{ .Values.models.pvc.existingClaim | default (printf "%s-models" (include "residua.fullname" .)) }}
{{- end }}
{{- end -}}
