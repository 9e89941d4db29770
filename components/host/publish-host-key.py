# Tells `pulumi up` this machine's SSH host key by way of AWS, so that the first connection can check it already:
# the key goes to the one SSM parameter that the machine's role may write. Python, and nothing but its standard library,
# because that is what every image with cloud-init has. Runs again at every boot.
import datetime
import hashlib
import hmac
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, method="GET", headers=None, body=None):
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    with direct.open(request, timeout=10) as response:
        return response.read().decode()


def metadata():
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    token = fetch(METADATA + "/latest/api/token", "PUT", ttl)
    return lambda path: fetch(METADATA + "/latest/meta-data/" + path, headers={"X-aws-ec2-metadata-token": token})


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


# AWS Signature Version 4.
def sign(headers, body, region, credentials, now):
    names = ";".join(sorted(headers))
    lines = "".join("%s:%s\n" % (name, headers[name]) for name in sorted(headers))
    request = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(body).hexdigest()])
    scope = "%s/%s/ssm/aws4_request" % (now[:8], region)
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + credentials["SecretAccessKey"]).encode()
    for part in (now[:8], region, "ssm", "aws4_request"):
        key = digest(key, part)
    return "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        credentials["AccessKeyId"],
        scope,
        names,
        digest(key, text).hex(),
    )


def publish():
    with open(HOST_KEY) as file:
        host_key = " ".join(file.read().split()[:2])
    if not host_key.startswith("ssh-ed25519 "):
        raise ValueError("%s holds no ed25519 key" % HOST_KEY)
    read = metadata()
    region = read("placement/region")
    role = read("iam/security-credentials/").split()[0]
    credentials = json.loads(read("iam/security-credentials/" + role))
    endpoint = ENDPOINT.format(region=region, domain=read("services/domain"))
    value = "%s %s %s" % (read("instance-id"), host_key, USER)
    body = json.dumps({"Name": PARAMETER, "Value": value, "Type": "String", "Overwrite": True}).encode()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": endpoint.split("://")[1],
        "x-amz-date": now,
        "x-amz-security-token": credentials["Token"],
        "x-amz-target": "AmazonSSM.PutParameter",
    }
    headers["authorization"] = sign(headers, body, region, credentials, now)
    fetch(endpoint + "/", "POST", headers, body)
    return value


# What went wrong, never what was sent.
def reason(error):
    if isinstance(error, urllib.error.HTTPError):
        return "%s: %s %s" % (error.url, error, error.read().decode(errors="replace")[:300])
    return "%s: %s" % (type(error).__name__, error)


def say(message):
    print("harbor-cache: " + message, flush=True)


def main():
    if os.path.abspath(__file__) != PER_BOOT:
        os.makedirs(os.path.dirname(PER_BOOT), exist_ok=True)
        shutil.copy(__file__, PER_BOOT)
    end = time.monotonic() + SECONDS
    while True:
        try:
            say("published to %s: %s" % (PARAMETER, publish()))
            return
        # Anything may be late at boot: the network, the role, the clock, the host key itself.
        except Exception as error:
            say("the host key is not published yet: " + reason(error))
        if time.monotonic() + PAUSE > end:
            say("the host key was not published to %s within %s seconds" % (PARAMETER, SECONDS))
            sys.exit(1)
        time.sleep(PAUSE)


main()
