/** What Harbor shows for a path that it doesn't know outside its API. */
export const NOT_FOUND_PAGE = `<!DOCTYPE HTML>
<html>
<head><meta charset="utf-8"><title>404 - Page Not Found</title></head>
<body>
    <div><span class="status-code">404</span> <span class="status-text">Page Not Found</span></div>
    <p><a href="/harbor" class="underline">Home</a></p>
</body>
</html>
`;
