# A machine behind an HTTP proxy downloads through the one that Harbor itself is given.
use_proxy() {
  if [ -n "$http_proxy_url" ]; then export http_proxy="$http_proxy_url"; fi
  if [ -n "$https_proxy_url" ]; then export https_proxy="$https_proxy_url"; fi
  if [ -n "$no_proxy_list" ]; then export no_proxy="$no_proxy_list"; fi
}
