-- Asks Palisade whether a request may pass, and gives its refusal to the client.
local endpoint = "http://127.0.0.1:9091/auth"

-- Fields of this hop only, and those that are ours to say.
local left_out = {
  ["connection"] = true, ["upgrade"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["expect"] = true,
  ["te"] = true, ["keep-alive"] = true, ["host"] = true,
}

core.register_action("palisade", { "http-req" }, function(txn)
  local headers = {}
  local hops = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not left_out[name] and name:sub(1, 12) ~= "x-forwarded-" then
      headers[name] = {}
      for i = 0, #values do
        table.insert(headers[name], values[i])
      end
    elseif name == "x-forwarded-for" then
      for i = 0, #values do
        table.insert(hops, values[i])
      end
    end
  end
  -- The last address is the one that HAProxy saw; what stands before it is the client's word.
  table.insert(hops, txn.sf:src())
  headers["x-forwarded-for"] = { table.concat(hops, ", ") }
  headers["x-forwarded-method"] = { txn.sf:method() }
  headers["x-forwarded-uri"] = { txn.sf:pathq() }
  headers["x-forwarded-host"] = { txn.sf:req_hdr("host") }
  headers["x-forwarded-proto"] = { txn.sf:ssl_fc() == 1 and "https" or "http" }

  local answer = core.httpclient():get{ url = endpoint, headers = headers, timeout = 5000 }
  -- What an app that reports outcomes names the request by, where the endpoint above ends in ?report.
  txn.http:req_del_header("x-palisade-reference")
  if answer and answer.status >= 200 and answer.status < 300 then
    local reference = answer.headers and answer.headers["x-palisade-reference"]
    if reference then
      txn.http:req_set_header("x-palisade-reference", reference[0])
    end
    return
  end
  local told = answer and answer.headers and answer.headers["x-palisade-status"]
  if not told then
    -- Palisade is away. The app is served all the same; to refuse instead, leave this return out.
    core.Warning("palisade does not answer at " .. endpoint)
    return
  end
  local reply = txn:reply()
  reply:set_status(answer.status)
  for name, values in pairs(answer.headers) do
    if not left_out[name] and name:sub(1, 11) ~= "x-palisade-" then
      for i = 0, #values do
        reply:add_header(name, values[i])
      end
    end
  end
  reply:set_body(answer.body)
  txn:done(reply)
end, 0)
